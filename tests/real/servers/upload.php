<?php
// PUT: the whole body as one string, then a file.  POST: PHP has put the part of the form into a file already.
$data = getenv('OOMRIG_DATA') . '/' . uniqid('', true);
if ($_SERVER['REQUEST_METHOD'] === 'PUT')
    file_put_contents($data, file_get_contents('php://input'));
elseif (isset($_FILES['file']))
    move_uploaded_file($_FILES['file']['tmp_name'], $data);
http_response_code($_SERVER['REQUEST_METHOD'] === 'GET' ? 200 : 201);
